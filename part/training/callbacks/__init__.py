"""Lightning callbacks that write what a run leaves in its folder and shows in the terminal."""
