"""Keep an explanation network in one small file of plain tensors, and read it anywhere without running code from it."""

import io
import json
from pathlib import Path

import torch

from explainers.bundles.bundle import write_atomically
from explainers.errors import UserError
from explainers.xnn.network import ExplanationNetwork
from explainers.xnn.settings import Settings

FORMAT = "heatwise explanation network 1"


def as_stored(network: ExplanationNetwork) -> ExplanationNetwork:
    """Round the weights to what the file holds, float16, in place; so that what is measured is what is kept."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.half().float())
    return network


def save(network: ExplanationNetwork, path: Path) -> None:
    """Write the embedding and the head, float16, without the decoder, which only training needs."""
    about = {
        "format": FORMAT,
        "settings": network.settings.as_dict(),
        "classes": network.classes,
        "shape": list(network.shape),
        "facts": network.facts,
    }
    state = {name: value for name, value in network.state_dict().items() if not name.startswith("decoder.")}
    state = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    buffer = io.BytesIO()
    torch.save({"about": json.dumps(about, ensure_ascii=False), "state": state}, buffer)
    write_atomically(Path(path), buffer.getvalue())


def load(path: Path) -> ExplanationNetwork:
    """Return the network in evaluation mode, float32; UserError when the file is none."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"network: there is no file {path}.")
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        about = json.loads(stored["about"])
        if about["format"] != FORMAT:
            raise UserError(f"network: {path}: expected the format {FORMAT!r}, found {about['format']!r}.")
        settings = Settings(**{**about["settings"], "hidden": tuple(about["settings"]["hidden"])})
        state = stored["state"]
        network = ExplanationNetwork(settings, about["classes"], about["shape"], state.get("encoder.index"))
        network.decoder = None
        network.load_state_dict(state, strict=True)
    except UserError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"network: {path} holds no explanation network: {reason}") from None
    network.facts = about["facts"]
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.eval()
