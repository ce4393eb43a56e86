"""The energy counters of a processor's packages, simulated by files."""

import pytest
import torch

from part import PartError
from part.benchmarking.energy import EnergyMeter

CPU = torch.device("cpu")


def package(folder, name, counted, span):
    path = folder / name
    path.mkdir()
    (path / "energy_uj").write_text(f"{counted}\n")
    (path / "max_energy_range_uj").write_text(f"{span}\n")
    return path / "energy_uj"


def test_packages_are_added_and_their_domains_are_not(tmp_path):
    first, second = (package(tmp_path, f"intel-rapl:{i}", 1_000_000 * i, 10_000_000) for i in range(2))
    domain = package(tmp_path, "intel-rapl:0:0", 0, 10_000_000)
    meter = EnergyMeter(CPU, tmp_path)
    assert meter.joules() == 0
    first.write_text("2500000")
    second.write_text("1500000")
    domain.write_text("9000000")
    assert meter.joules() == pytest.approx(3.0)


def test_a_counter_that_restarts_keeps_its_sum(tmp_path):
    counter = package(tmp_path, "intel-rapl:0", 9_000_000, 10_000_000)
    meter = EnergyMeter(CPU, tmp_path)
    counter.write_text("1000000")
    assert meter.joules() == pytest.approx(2.0)
    counter.write_text("4000000")
    assert meter.joules() == pytest.approx(5.0)


def test_without_counters_there_is_no_energy(tmp_path):
    meter = EnergyMeter(CPU, tmp_path)
    assert not meter.is_available
    with pytest.raises(PartError, match="counts energy"):
        meter.joules()
