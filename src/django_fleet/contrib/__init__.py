"""What joins django-fleet to other packages: one folder for each, each switched on by its user."""
