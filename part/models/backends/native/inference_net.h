// The network in inference as packing.py passes it, and a group of jets on its way through it.
//
// The scales and shifts of norms are folded into the linear layers that follow them (folding.py). Rows of activations
// are padded to whole vectors: D, d and so on below are padded numbers, except for the `width` that a norm sees.
//
// Shapes: T tokens of a group, F features, D channels, H heads of d channels, n tokens of a jet, K slots.

#pragma once
#include "norm.h"
#include "slots.h"

// What is taken of a row before a layer; NORMS of packing.py has the same order.
enum Norm { NO_NORM, LAYER_NORM, RMS_NORM };

// A linear layer, the norm over `width` channels before it and, for SwiGLU, the layer whose SiLU multiplies its outputs.
struct NormedLayer {
    Linear linear, gate; // gate.outputs: 0 without
    int64_t norm, width;
};

struct InferenceBlock {
    NormedLayer qkv, up, down; // qkv: in a class block keys and values only, without q·k values only
    Linear class_query, out;   // class_query: of a class block; its input, the token, is not normalised
    Linear gate;               // of the heads' outputs, by a sigmoid; gate.outputs: 0 without
    int64_t heads, channels;   // H, d
    int64_t qk_width, qk_norm; // the channels of a head without padding, and the norm of queries and keys
    int64_t gate_channels;     // channels that share a gate
    int64_t post_norm;         // the norm of the attention's output, over up.width channels
    int64_t biased;            // whether the block has the interaction bias
    const float *q_scale, *q_shift, *k_scale, *k_shift, *post_scale, *post_shift, *residual;
    const float *mixing;     // of particles into slots (K, ranks); null: particles attend to particles
    const float *bias_scale; // null: 1
};

// The embedding of a collection of tokens. first: the first of its features among the inputs. Without layers the
// features are the residual stream.
struct Embedding {
    int64_t inputs, first, layers;
    const float *scale, *shift;
    const NormedLayer *linears;
};

struct InferenceNet {
    int64_t width, stride; // D without and with padding
    int64_t layers, class_layers, collections, pair_layers, head_layers, classes;
    int64_t has_qk, global_token;
    int64_t symmetric, self_pairs, given_pairs; // given_pairs: whether pair features come with the jets
    int64_t slots, ranks, landmarks;            // landmarks: whether the bias is to slots, which have four-momenta
    const float *token;                         // null: the mean over a jet's tokens takes its place
    const float *shares;                        // of the particles of each rank in the landmarks (K, ranks)
    const Embedding *embed;
    const Linear *pair;
    const NormedLayer *head; // the last one gives the logits
    const InferenceBlock *blocks, *class_blocks;
};

// Jets that pass through the network together.
struct InferenceGroup {
    std::vector<float> features, momenta; // (T, F), (T, 4)
    std::vector<int64_t> lengths, ranks;  // (jets), (T)
    const float *pairs;                   // given pair features, jet after jet
    int64_t tokens, inputs;
};

// y (rows, outputs) = the layer's outputs for x (rows, inputs); the normalised x is written to `normed`, maybe x itself,
// but not where it is rounded at once for a layer in 8-bit integers.
static void apply(const NormedLayer &layer, const float *x, int64_t rows, float *normed, float *y, Workspace &s) {
    if (layer.norm && layer.linear.input_scale && !layer.gate.outputs) {
        const Int8Rows rounded = normalise_to_int8(layer.linear, x, rows, layer.width, layer.norm == RMS_NORM, s);
        return with_activation(layer.linear, [&](auto own) { apply_int8<own>(layer.linear, rounded, rows, y); });
    }
    if (layer.norm) {
        normalise(x, rows, layer.width, normed, nullptr, layer.linear.inputs, layer.norm == RMS_NORM);
        x = normed;
    }
    apply(layer.linear, x, rows, y, s);
    if (!layer.gate.outputs) return;
    int64_t size = rows * layer.gate.outputs;
    float *gate = s.get(s.gate, size);
    apply_linear<SILU>(layer.gate, x, rows, gate, s);
    for (int64_t i = 0; i < size; i++) y[i] *= gate[i];
}
