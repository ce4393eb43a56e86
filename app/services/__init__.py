"""Files, jets, models, studies and figures for the pages. Only this folder imports the library; it imports no page."""
