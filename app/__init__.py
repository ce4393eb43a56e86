"""The Streamlit app. Only `app.services.models` knows the library; pages and components show what it gives them."""
