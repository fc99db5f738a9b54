"""Time every method against its peers, captum, pytorch-grad-cam, zennit, shap and lime."""
