"""Language models over the providers' own protocols."""
