"""Flat arrays of Pythia's events compared with the event record."""

import numpy as np
import pytest

from part.simulate import events
from part.simulate.samples import SAMPLES

SEED = 7
JETCLASS = SAMPLES["JetClass"]
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("pythia")]


@pytest.fixture(scope="module")
def batch():
    generator = events.new_generator(JETCLASS.process("Hbb"), 0, SEED)
    return events.read_batch(generator.nextBatch(40), generator.particleData.charge)


def test_every_particle_has_its_own_production_vertex(batch):
    generator = events.new_generator(JETCLASS.process("Hbb"), 0, SEED)
    for number in range(int(batch.event.max()) + 1):
        generator.next()
        record = [generator.event[i] for i in range(generator.event.size())]
        converted = batch.take(batch.event == number)
        assert np.array_equal(converted.pid, [p.id() for p in record])
        assert np.array_equal(converted.charge, [p.charge() for p in record])
        for axis in "xyz":
            expected = np.array([getattr(p, f"{axis}Prod")() for p in record])
            assert np.array_equal(getattr(converted, axis), expected)
    assert np.any(np.hypot(batch.x, batch.y) > 1.0)  # b hadrons have displaced vertices


def test_only_events_with_truncated_vertices_are_left_out(batch):
    assert 35 <= batch.event.max() + 1 < 40


def test_mothers_belong_to_the_same_event(batch):
    has = batch.mother >= 0
    assert np.array_equal(batch.event[batch.mother[has]], batch.event[has])


def test_neutrinos_are_invisible_and_energy_is_conserved(batch):
    visible = events.select_visible(batch)
    assert not np.isin(np.abs(visible.pid), (12, 14, 16)).any()
    final = batch.take(batch.status > 0)
    energy = np.bincount(final.event, final.energy)
    assert energy == pytest.approx(13000.0, rel=1e-6)


@pytest.mark.parametrize(("label", "species"), [("Hbb", {5}), ("Hgg", {21}), ("H4q", {1, 2, 3, 4, 5})])
def test_higgs_decays_to_what_the_class_says(label, species):
    process = JETCLASS.process(label)
    generator = events.new_generator(process, 0, SEED)
    particles = events.read_batch(generator.nextBatch(15), generator.particleData.charge)
    decays = events.find_decays(particles)
    assert set(decays.pid) == {25}
    assert set(decays.count) == {process.products}
    daughters = np.abs(particles.pid[(np.abs(particles.status) == 23) & (particles.mother >= 0)])
    assert species >= set(daughters) - {12, 14, 16, 23, 24}


@pytest.mark.parametrize("variant", [0, 1])
def test_either_w_gives_the_lepton(variant):
    generator = events.new_generator(JETCLASS.process("Hqql"), variant, SEED)
    particles = events.read_batch(generator.nextBatch(15), generator.particleData.charge)
    products = particles.take(np.abs(particles.status) == 23)
    leptons = products.pid[np.isin(np.abs(products.pid), (11, 13))]
    sign = 1 if variant == 0 else -1  # the W- is the leptonic one first; an electron's code is +11
    assert len(leptons) == particles.event.max() + 1
    assert np.all(np.sign(leptons) == sign)
    assert set(events.find_decays(particles).count) == {3}
