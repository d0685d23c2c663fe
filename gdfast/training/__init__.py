"""From a data set to a trained model, for estimators and the command line; scikit-learn is not needed.

The story, file by file: what the user wants (`settings`); which rows train and which are held out (`split`); targets in
units of their own (`target_scaling`); mean and scale of the features (`feature_statistics`); how long the standardised
rows are (`row_norms`), from which the recipe makes batches and learning rates (`recipe`); a run of it that cannot
diverge (`guarded_run`); all of this in one call (`fit`), of a data set to a model (`train_model`), and how good that is
(`evaluation`).
"""
