"""Studies of the physics that importance follows: rank correlations with kinematics, displacement and substructure."""
