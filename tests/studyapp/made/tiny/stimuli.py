def draw(definition, bundle, rng):
    return {"images": sorted(bundle.images)}


def check(definition, bundle):
    return [] if definition["parameters"]["n_trials"] > 0 else ["There is no trial."]


def heatmaps(definition, bundle):
    return []
