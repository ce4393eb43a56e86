// Products in bfloat16 or 8-bit integers on the processor's matrix tiles (AMX): 32 rows by 32 outputs at once.

#pragma once
#include "activations.h"
#if defined(__AMX_BF16__) && defined(__AMX_INT8__)
#define HAS_AMX
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

#define MULTIPLY_TILES(to, x, w) if constexpr (integers) _tile_dpbusd(to, x, w); else _tile_dpbf16ps(to, x, w)

// sums (32, C vectors) = x (32, words) w (words, C vectors), where `words` is a multiple of 16 and a word is a pair of
// bfloat16 values, which are summed in float32, or four integers, unsigned in x and signed in w, which are summed in
// int32. x has space for 32 rows: those beyond `rows` may be read, and their sums are void.
template <bool integers, int C>
static void amx_products(const void *x, int64_t rows, int64_t words, const void *w, void *sums) {
    constexpr int64_t WORD = 4, ROW = C * W * WORD, HALF = W * ROW; // in bytes
    const char *upper = (const char *)x, *lower = upper + W * words * WORD, *weights = (const char *)w;
    char *to = (char *)sums;
    const bool both = rows > W;
    asm volatile("" ::: "memory"); // gcc's intrinsics do not declare that they read memory written earlier
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t k = 0; k < words; k += W) {
        _tile_loadd(4, upper + k * WORD, words * WORD);
        _tile_loadd(6, weights + k * ROW, ROW);
        MULTIPLY_TILES(0, 4, 6);
        if (C == 2) {
            _tile_loadd(7, weights + k * ROW + W * WORD, ROW);
            MULTIPLY_TILES(1, 4, 7);
        }
        if (!both) continue;
        _tile_loadd(5, lower + k * WORD, words * WORD);
        MULTIPLY_TILES(2, 5, 6);
        if (C == 2) {
            MULTIPLY_TILES(3, 5, 7);
        }
    }
    _tile_stored(0, to, ROW);
    if (C == 2) _tile_stored(1, to + W * WORD, ROW);
    if (both) _tile_stored(2, to + HALF, ROW);
    if (both && C == 2) _tile_stored(3, to + HALF + W * WORD, ROW);
    asm volatile("" ::: "memory");
}
#undef MULTIPLY_TILES

// y (rows, C vectors) = activation(bias + x (rows, words) w (words, C vectors)) in bfloat16, for any number of rows. x has
// space for a multiple of 32.
template <Activation activation, int C>
static void amx_panel(const float *x, int64_t rows, int64_t words, const float *w, const float *bias, float *y,
                      int64_t stride) {
    alignas(64) float sums[2 * W * C * W];
    for (int64_t first = 0; first < rows; first += 2 * W, x += 2 * W * words) {
        amx_products<false, C>(x, rows - first, words, w, sums);
        for (int64_t r = 0; r < std::min<int64_t>(2 * W, rows - first); r++)
            for (int c = 0; c < C; c++) {
                Vec sum = load(bias + c * W) + load(sums + (r * C + c) * W);
                store(y + (first + r) * stride + c * W, activate<activation>(sum));
            }
    }
}
#else
struct TileScope {};
static inline void request_amx() {}
#endif
