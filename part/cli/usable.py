"""What commands say of the jets of their result, where others were left out."""

from typing import TYPE_CHECKING

from part.jets.notices import n_unusable

if TYPE_CHECKING:
    from part.jets.config.config import DataConfig


def kept_by(config: "DataConfig | None") -> str:
    """Return what jets of the result do, as the end of "those that"."""
    if config is None:
        return "can be used"
    return "the data config selects and that can be used" if n_unusable() else "the data config selects"
