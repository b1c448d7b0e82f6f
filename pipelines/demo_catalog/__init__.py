"""A small film catalog that ships with the package: four synthetic titles with an exact truth, and their recipe."""
