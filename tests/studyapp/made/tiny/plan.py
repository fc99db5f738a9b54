from studyapp.core.engine.flow import step


def build(definition, factors, order, rng):
    images = definition["stimuli"]["images"]
    trials = [
        step("trial", f"trial-{index}", trial_index=index, stimulus=images[index % len(images)], data={"right": index})
        for index in range(definition["parameters"]["n_trials"])
    ]
    return [
        step("consent", "consent", goto={"failed": "no_consent"}),
        step("check", "check-1", data={"right": 1}, goto={"passed": "trial-0"}),
        step("check", "check-2", data={"right": 1}, goto={"failed": "screened_out"}),
        *trials,
    ]
