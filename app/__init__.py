"""The Streamlit app. Only `app.backend` knows the library; pages and components show what it gives them."""
