"""From a data set to a trained model: recipe, guarded run, split, feature statistics; needs no scikit-learn."""
