// The interaction bias of a jet: features of each pair of particles i >= j and the small network over them.
//
// Shapes: n particles, P = n (n + 1) / 2 pairs in the order of i, then j; H heads.

#pragma once
#include "linear.h"

struct Cylindrical {
    float px, py, pz, energy, pt, rapidity, phi;
};

// Four-momenta (n, 4) -> kT, z, Δ and m² of the pairs (P, 4). All is as in pair.py, each product rounded before it is
// added to: E² - p² cancels, so that the order of operations is part of the weights' meaning.
__attribute__((optimize("fp-contract=off"), noinline))
static void pair_numbers(const float *v, int64_t n, Cylindrical *particles, float *y) {
    constexpr float PI = 3.14159265f, TURN = 6.28318531f, FLOOR = 1e-8f;
    for (int64_t i = 0; i < n; i++, v += 4) {
        float px = v[0], py = v[1], pz = v[2], energy = v[3], less = energy - pz;
        float rapidity = 0.5f * std::log(1 + (2 * pz) / (less < 1e-20f ? 1e-20f : less));
        particles[i] = {px, py, pz, energy, std::sqrt(px * px + py * py), rapidity, std::atan2(py, px)};
    }
    for (int64_t i = 0; i < n; i++) {
        const Cylindrical a = particles[i];
        for (int64_t j = 0; j <= i; j++, y += 4) {
            const Cylindrical &b = particles[j];
            float turn = a.phi - b.phi + PI, dy = a.rapidity - b.rapidity;
            float dphi = (turn < 0 ? turn + TURN : turn >= TURN ? turn - TURN : turn) - PI;
            float delta = std::sqrt(dy * dy + dphi * dphi), softer = b.pt < a.pt ? b.pt : a.pt, both = a.pt + b.pt;
            float px = a.px + b.px, py = a.py + b.py, pz = a.pz + b.pz, energy = a.energy + b.energy;
            y[0] = softer * delta;
            y[1] = softer / (both < FLOOR ? FLOOR : both);
            y[2] = delta;
            y[3] = energy * energy - (px * px + py * py + pz * pz);
        }
    }
}

// Their logarithms, in place.
static void logarithms(float *y, int64_t size) {
    const Vec least = all(1e-8f);
    for (int64_t i = 0; i < size; i += W) {
        Vec x = load(y + i);
        store(y + i, logarithm(x < least ? least : x));
    }
}

// Four-momenta (n, 4) of a jet -> bias [H][n][padded n], which is symmetric.
static void pair_bias(const Linear *maps, int64_t layers, int64_t heads, const float *v, int64_t n, float *bias,
                      Buffers &s) {
    constexpr int64_t AT_ONCE = 128; // pairs, whose numbers stay in the nearest cache
    int64_t pairs = n * (n + 1) / 2, i = 0, j = 0, last = maps[layers - 1].outputs, wide = padded(n);
    float *features = s.get(s.features, 4 * pairs), *particles = s.get(s.particles, 7 * n);
    pair_numbers(v, n, (Cylindrical *)particles, features);
    logarithms(features, 4 * pairs);
    for (int64_t start = 0; start < pairs; start += AT_ONCE) {
        int64_t rows = std::min(AT_ONCE, pairs - start);
        const float *x = features + 4 * start;
        for (int64_t l = 0; l < layers; l++) {
            float *y = s.get(l % 2 ? s.b : s.a, rows * maps[l].outputs);
            apply<GELU>(maps[l], x, rows, y, s);
            x = y;
        }
        for (int64_t r = 0; r < rows; r++) {
            for (int64_t h = 0; h < heads; h++)
                bias[(h * n + i) * wide + j] = bias[(h * n + j) * wide + i] = x[r * last + h];
            if (j++ == i) i++, j = 0;
        }
    }
}
