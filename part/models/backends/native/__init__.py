"""ParT in compiled C++ for the CPU (see README.md here); it imports what `part.models.backends` may."""
