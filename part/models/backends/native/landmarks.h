// LinParT's order of particles, and its landmarks: four-momenta that share out those of a jet's particles by their rank.
//
// Shapes: n particles, K slots, R ranks.

#pragma once
#include "pair_bias.h"
#include <numeric>

// Four-momenta (n, 4) -> the rank in pT of each particle, 0 for the leading one. Ties keep their order.
ROUND_PRODUCTS static void rank_in_pt(const float *v, int64_t n, int64_t *rank) {
    std::vector<float> square(n);
    std::vector<int64_t> order(n);
    for (int64_t i = 0; i < n; i++) square[i] = v[4 * i] * v[4 * i] + v[4 * i + 1] * v[4 * i + 1];
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return square[a] > square[b]; });
    for (int64_t i = 0; i < n; i++) rank[order[i]] = i;
}

// The landmarks' four-momenta (K, 4), which are 0 before, from those of a jet's particles (n, 4). shares: of the particles
// of each rank (K, R).
ROUND_PRODUCTS static void landmarks(const float *shares, int64_t slots, int64_t ranks, const int64_t *rank,
                                     const float *v, int64_t n, float *momenta) {
    for (int64_t k = 0; k < slots; k++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t c = 0; c < 4; c++) momenta[4 * k + c] += shares[k * ranks + rank[i]] * v[4 * i + c];
}

// The logarithms of the pair features (n, K, 4) of a jet's particles with each landmark, in the workspace.
static const float *landmark_features(const float *shares, int64_t slots, int64_t ranks, const int64_t *rank,
                                      const float *v, int64_t n, Workspace &s) {
    std::vector<float> momenta(4 * slots);
    landmarks(shares, slots, ranks, rank, v, n, momenta.data());
    Kinematics *particles = (Kinematics *)s.get(s.particles, 7 * (n + slots));
    float *features = s.get(s.features, 4 * n * slots);
    kinematics(v, n, particles);
    kinematics(momenta.data(), slots, particles + n);
    pair_features(particles, n, particles + n, slots, features);
    take_logarithms(features, 4 * n * slots);
    return features;
}
