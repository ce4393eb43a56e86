"""Attribution: which particles and inputs speak for a class."""
