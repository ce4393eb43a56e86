// Linear layers in bfloat16 on the processor's matrix tiles (AMX): 32 rows by 32 outputs are accumulated at once.

#pragma once
#include "simd.h"
#ifdef __AMX_BF16__
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

// The tile configuration: eight tiles of 16 rows of 64 bytes. It is a constant because gcc does not see that the
// instruction reads all of it.
alignas(64) static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} TILE_CONFIG = {1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};

static bool amx_enabled = false;

// Linux lets a process use the tiles only after a request.
static void request_amx() {
    constexpr long REQUEST = 0x1023, TILE_DATA = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    amx_enabled = syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
}

// While an instance lives, its thread may use the tiles.
struct TileScope {
    TileScope() { if (amx_enabled) _tile_loadconfig(&TILE_CONFIG); }
    ~TileScope() { if (amx_enabled) _tile_release(); }
};

// y (rows, C vectors) = bias + x (rows, words) w (words, C vectors), where a word is a pair of bfloat16 values and
// `words` a multiple of 16. x has space for a multiple of 32 rows: rows beyond the last are read, but not written.
template <Activation activation, int C>
static void amx_panel(const float *x, int64_t rows, int64_t words, const float *w, const float *bias, float *y,
                      int64_t stride) {
    alignas(64) float sums[4][W * W];
    asm volatile("" ::: "memory"); // gcc's intrinsics do not declare that they read memory written earlier
    for (int64_t first = 0; first < rows; first += 2 * W, x += 2 * W * words) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        for (int64_t k = 0; k < words; k += W) {
            _tile_loadd(4, x + k, words * sizeof(float));
            _tile_loadd(5, x + W * words + k, words * sizeof(float));
            _tile_loadd(6, w + k * C * W, C * W * sizeof(float));
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 5, 6);
            if (C == 2) {
                _tile_loadd(7, w + k * C * W + W, C * W * sizeof(float));
                _tile_dpbf16ps(2, 4, 7);
                _tile_dpbf16ps(3, 5, 7);
            }
        }
        _tile_stored(0, sums[0], W * sizeof(float));
        _tile_stored(1, sums[1], W * sizeof(float));
        _tile_stored(2, sums[2], W * sizeof(float));
        _tile_stored(3, sums[3], W * sizeof(float));
        for (int64_t r = 0; r < std::min<int64_t>(2 * W, rows - first); r++)
            for (int c = 0; c < C; c++) {
                Vec sum = load(bias + c * W) + load(sums[2 * c + r / W] + r % W * W);
                store(y + (first + r) * stride + c * W, activate<activation>(sum));
            }
    }
}
#else
struct TileScope {};
static inline void request_amx() {}
#endif
