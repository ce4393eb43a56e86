"""The user's choices: states, the session, the URL, and the resolution of choices. May import services."""
