// The MLP of the interaction bias with BatchNorms whose statistics are those of all pairs of a batch. All pairs pass
// through one layer before the next one can begin, so that a layer's outputs are kept, of all pairs, before its norm.
//
// Python (live_pairs.py) goes from layer to layer and turns sums over pairs into statistics; here are the passes over the
// pairs of a layer, in chunks, which threads share. The input of a layer is the GELU of the outputs of the layer before,
// scaled and shifted by its norm, except for the first layer, which takes the features.
//
// Shapes: P pairs, I inputs and O outputs of a layer, both padded to whole vectors where they are channels.

#pragma once
#include "pair_bias.h"
#include "training_net.h"
#include <omp.h>

// The fields mirror _Layer of live_pairs.py.
struct LiveLayer {
    LinearSpec linear;
    const float *inputs;         // (P, I): features, or the outputs of the layer before
    const float *scale, *shift;  // of the norm of the layer before (I), or null
    int64_t pairs;
};

// Calls each(first pair, number of pairs, index of the thread) for all chunks of pairs.
template <class Each> static void for_each_chunk(int64_t pairs, int64_t threads, Each each) {
#pragma omp parallel num_threads(threads)
    {
        [[maybe_unused]] TileScope tiles;
#pragma omp for schedule(static)
        for (int64_t start = 0; start < pairs; start += PAIR_CHUNK)
            each(start, std::min(PAIR_CHUNK, pairs - start), omp_get_thread_num());
    }
}

// Scaled and shifted rows (rows, I) of a layer's inputs, before the GELU.
static void before_gelu(const LiveLayer &layer, int64_t start, int64_t rows, int64_t width, float *y) {
    const float *x = layer.inputs + start * width;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i += W)
            store(y + r * width + i, load(x + r * width + i) * load(layer.scale + i) + load(layer.shift + i));
}

// Adds the sums of a (rows, O) and of a times b to sums (2, O). Products are added up in double precision.
static void add_sums(const float *a, const float *b, int64_t rows, int64_t width, double *sums) {
    for (int64_t i = 0; i < width; i += W) {
        Vec sum = {}, product = {};
        for (int64_t r = 0; r < rows; r++) {
            Vec x = load(a + r * width + i);
            sum += x, product += x * load(b + r * width + i);
        }
        for (int64_t k = 0; k < W; k++) sums[i + k] += sum[k], sums[width + i + k] += product[k];
    }
}

// What a thread needs for a chunk.
struct LiveScratch {
    Buffer activation, derivative, d_inputs, d_outputs;
};

// Writes the outputs (P, O), and each thread's sums of them and of their squares (threads, 2, O), which are zero before.
static void live_forward(const LiveLayer &layer, float *outputs, double *sums, int64_t threads) {
    std::vector<PackedLinear> packed;
    Buffer panels;
    pack_layers(&layer.linear, 1, panels, packed);
    const PackedLinear &linear = packed[0];
    std::vector<Worker> workers(threads);
    std::vector<LiveScratch> scratch(threads);
    for_each_chunk(layer.pairs, threads, [&](int64_t start, int64_t rows, int64_t thread) {
        const float *x = layer.inputs + start * linear.inputs;
        if (layer.scale) {
            float *activation = reserve(scratch[thread].activation, rows * linear.padded_in);
            before_gelu(layer, start, rows, linear.padded_in, activation);
            for (int64_t i = 0; i < rows * linear.padded_in; i += W) store(activation + i, gelu(load(activation + i)));
            x = activation;
        }
        float *y = outputs + start * linear.padded_out;
        apply_linear<IDENTITY>(linear.forward, x, rows, y, workers[thread].s);
        add_sums(y, y, rows, linear.padded_out, sums + 2 * linear.padded_out * thread);
    });
}

// The backward pass of a layer. outputs (P, O): as live_forward wrote them; d_normed (P, O): the gradient of the outputs
// after their norm. That of the outputs themselves is d_normed * coefficients[0] + outputs * coefficients[1] +
// coefficients[2], for each channel (3, O). Adds each thread's gradients of weight and bias, padded, to `gradient`
// (threads, O I + O), and writes the gradient of the inputs after the norm of the layer before (P, I), with each thread's
// sums of it and of it times the inputs (threads, 2, I), unless the inputs are features.
static void live_backward(const LiveLayer &layer, const float *outputs, const float *d_normed, const float *coefficients,
                          float *d_inputs, double *sums, float *gradient, int64_t threads) {
    std::vector<PackedLinear> packed;
    Buffer panels;
    pack_layers(&layer.linear, 1, panels, packed);
    const PackedLinear &linear = packed[0];
    int64_t in = linear.padded_in, out = linear.padded_out;
    std::vector<Worker> workers(threads);
    std::vector<LiveScratch> scratch(threads);
    for_each_chunk(layer.pairs, threads, [&](int64_t start, int64_t rows, int64_t thread) {
        Worker &worker = workers[thread];
        LiveScratch &s = scratch[thread];
        worker.gradient = gradient + thread * (out * in + out);
        float *d_outputs = reserve(s.d_outputs, rows * out);
        for (int64_t r = 0; r < rows; r++)
            for (int64_t i = 0; i < out; i += W) {
                int64_t at = (start + r) * out + i;
                store(d_outputs + r * out + i, load(d_normed + at) * load(coefficients + i) +
                                                   load(outputs + at) * load(coefficients + out + i) +
                                                   load(coefficients + 2 * out + i));
            }
        if (!layer.scale) {
            linear_backward(linear, d_outputs, layer.inputs + start * linear.inputs, rows, nullptr, worker);
            return;
        }
        float *derivative = reserve(s.derivative, rows * in), *activation = reserve(s.activation, rows * in);
        before_gelu(layer, start, rows, in, derivative);
        gelu_forward(derivative, rows * in, activation);
        float *d = d_inputs + start * in;
        linear_backward(linear, d_outputs, activation, rows, d, worker);
        gelu_backward(derivative, rows * in, d);
        add_sums(d, layer.inputs + start * in, rows, in, sums + 2 * in * thread);
    });
}

// Four-momenta of the particles of all jets -> the logarithms of the features of their pairs (P, 4), jet after jet.
static void live_features(const float *v, const int64_t *lengths, float *features, int64_t jets, int64_t threads) {
    std::vector<int64_t> particles = {0}, pairs = {0};
    for (int64_t b = 0; b < jets; b++) {
        particles.push_back(particles[b] + lengths[b]);
        pairs.push_back(pairs[b] + lengths[b] * (lengths[b] + 1) / 2);
    }
#pragma omp parallel num_threads(threads)
    {
        Workspace workspace;
#pragma omp for schedule(dynamic)
        for (int64_t b = 0; b < jets; b++) {
            const float *own = own_pair_features(v + 4 * particles[b], lengths[b], workspace);
            std::copy_n(own, 4 * (pairs[b + 1] - pairs[b]), features + 4 * pairs[b]);
        }
    }
}
