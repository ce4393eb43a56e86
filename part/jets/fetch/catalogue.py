"""The public datasets and weights that can be downloaded."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RemoteFile:
    """A public file.

    Attributes
    ----------
    folder : str
        Where it goes, below the user's folder. A tar is unpacked into a folder of its own.
    url : str
        Its address.
    checksum : str or None
        `md5:...` or `sha256:...`; None where no checksum is published.
    size : str
        Its rounded size, for display.
    """

    folder: str
    url: str
    checksum: str | None
    size: str = "size unknown"

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.url.rpartition("/")[2]

    @property
    def is_tar(self) -> bool:
        """Return whether the file is an archive to unpack."""
        return self.file.endswith(".tar")

    @property
    def name(self) -> str:
        """The name on the command line: `train_100M_part0`, `ParT_full`. The word before the first _ names a group."""
        return Path(self.folder).name if self.is_tar else Path(self.file).stem


_ZENODO = "https://zenodo.org/record/6619768/files"
_CERN = "https://hqu.web.cern.ch/datasets"
_GITHUB = "https://github.com/jet-universe/particle_transformer/raw/main/models"


def _jetclass(name: str, md5: str, size: str) -> RemoteFile:
    return RemoteFile(f"JetClass/{name}", f"{_ZENODO}/JetClass_Pythia_{name}.tar", f"md5:{md5}", size)


def _weights(name: str, sha256: str | None, size: str = "size unknown") -> RemoteFile:
    return RemoteFile("weights", f"{_GITHUB}/{name}.pt", sha256 and f"sha256:{sha256}", size)


# The md5 sums are those of Zenodo 6619768 and of get_datasets.py in jet-universe/particle_transformer, also for the
# files that its author converted from Zenodo 2603256 and 3164691. The sha256 sums were computed by us from the files in
# that repository, except for ParT's, which were not available. Tar sizes are rounded and only displayed.
REMOTE_FILES = {
    "JetClass": (
        _jetclass("train_100M_part0", "de4fd2dca2e68ab3c85d5cfd3bcc65c3", "15.2 GB"),
        _jetclass("train_100M_part1", "9722a359c5ef697bea0fbf79bf50f003", "15.2 GB"),
        _jetclass("train_100M_part2", "1e9f66cd1f915f9d10e90ae1d7761720", "15.2 GB"),
        _jetclass("train_100M_part3", "47348fc8985319fa4806da87500482fa", "15.2 GB"),
        _jetclass("train_100M_part4", "6b0ce16bd93b442a8d51914466990279", "15.2 GB"),
        _jetclass("train_100M_part5", "416e347512e716de51d392bee327b8e9", "15.2 GB"),
        _jetclass("train_100M_part6", "e9b9c1557b1b39bf0a16e4ab631ae451", "15.2 GB"),
        _jetclass("train_100M_part7", "5bfc6cb285ccb7680cefa9ac82ad1a2e", "15.2 GB"),
        _jetclass("train_100M_part8", "540c1a0d66dfad78d2b363c5740ccf86", "15.2 GB"),
        _jetclass("train_100M_part9", "668f40b3275167ff7104c48317c0ae2a", "15.2 GB"),
        _jetclass("val_5M", "7235ccb577ed85023ea3ab4d5e6160cf", "7.6 GB"),
        _jetclass("test_20M", "64e5156d26d101adeb43b8388207d767", "30.4 GB"),
    ),
    "QuarkGluon": (
        RemoteFile("QuarkGluon", f"{_CERN}/QuarkGluon/QuarkGluon.tar", "md5:d8dd7f71a7aaaf9f1d2ee3cddef998f9"),
    ),
    "TopLandscape": (
        RemoteFile("TopLandscape", f"{_CERN}/TopLandscape/TopLandscape.tar", "md5:4fca2e47afbf321b0f201da6b804c404"),
    ),
    "weights": (
        _weights("ParT_full", None),
        _weights("ParT_kin", None),
        _weights("ParT_kinpid", None),
        _weights("ParticleNet_full", "375b81543769f4a0bd2de9818c5885a04c735b5462a64dcadc2a088edaf3d1d2", "1.5 MB"),
        _weights("ParticleNet_kin", "73aff244c657db0f7b62abe9ad13ec007c17cf10057ff1ad54c320f3bd4a4f26", "1.5 MB"),
        _weights("ParticleNet_kinpid", "f56876afb26a7f0782407fc4fde2502ac23656b47a970ad912e58502a0b8839b", "1.5 MB"),
    ),
}
