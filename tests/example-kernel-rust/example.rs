// SPDX-License-Identifier: MIT
//
// A kernel in Rust outside the tree: MLA in the absorbed order over a plain fp32 cache of latent
// rows, on one thread, and a RoPE of its own for the layer around it. No crate is needed (see the
// Makefile). Then
//     mlabench verify --plugin ./example.so --kernel example-rust --model tiny
//
// Absorbed order, per query and head: q' = Wuk^T q_nope; s_j = scale (q' . c_kv_j + q_rope .
// k_rope_j); o = Wuv sum_j softmax(s)_j c_kv_j. It is built with panic=abort: an index out of
// bounds ends the process, which mlabench reports as this kernel's crash.

use std::ffi::c_char;
use std::mem::size_of;
use std::slice::{from_raw_parts, from_raw_parts_mut};

/// The types of mlabench/kernel.h, member by member and in its order; its enums are 32 bits wide.
/// `unsafe` is confined to this module's conversions into slices and to the functions that C calls.
mod abi {
    use super::*;

    pub const ABI: u32 = 1;
    pub const LATENT: i32 = 0;
    pub const FP32: i32 = 0;
    pub const CAUSAL: i32 = 0;
    pub const ABSORBED: i32 = 1;
    pub const STAGE_ABSORB: i32 = 0;
    pub const STAGE_CORE: i32 = 1;
    pub const STAGE_VALUE_UP: i32 = 2;
    pub const STAGES: i32 = 4;
    pub const ALL_INVARIANCES: u32 = 31;

    #[repr(C)]
    pub struct Problem {
        pub kind: i32,
        pub format: i32,
        pub mask: i32,
        pub heads: i32,
        pub heads_kv: i32,
        pub qk_nope_head_dim: i32,
        pub qk_rope_head_dim: i32,
        pub v_head_dim: i32,
        pub kv_lora_rank: i32,
        pub scale: f32,
        pub wkv_b: *const f32,
        pub slots: i64,
        pub page_size: i64,
        pub max_tokens: i64,
        pub max_keys: i64,
        pub max_batch: i32,
        pub max_threads: i32,
    }

    #[repr(C)]
    pub struct Plan {
        pub prepared: usize,
        pub cache_payload: usize,
        pub cache_padding: usize,
        pub workspace: usize,
        pub slot_align: i64,
        pub cached: i32,
    }

    #[repr(C)]
    pub struct Seq {
        pub token: i64,
        pub tokens: i64,
        pub position: i64,
        pub kv_begin: i64,
        pub kv_end: i64,
        pub slot: i64,
        pub pages: *const i32,
    }

    #[repr(C)]
    pub struct Memory {
        pub prepared: *const u8,
        pub cache: *mut f32,
        pub workspace: *mut f32,
    }

    #[repr(C)]
    pub struct Call {
        pub seqs: *const Seq,
        pub batch: i32,
        pub threads: i32,
        pub q: *const f32,
        pub o: *mut f32,
        pub lse: *mut f32,
        pub top_k_indices: *const i32,
        pub top_k: i32,
        pub sinks: *const f32,
        pub enter: Option<unsafe extern "C" fn(*mut u8, i32, i32)>,
        pub enter_context: *mut u8,
    }

    #[repr(C)]
    pub struct Vectors {
        pub tokens: i64,
        pub count: i64,
        pub width: i64,
        pub x: *const f32,
        pub x_token_stride: i64,
        pub x_stride: i64,
        pub y: *mut f32,
        pub y_token_stride: i64,
        pub y_stride: i64,
    }

    #[repr(C)]
    pub struct Rope {
        pub dim: i32,
        pub interleaved: bool,
        pub frequencies: *const f64,
        pub magnitude: f64,
    }

    pub type Supports =
        unsafe extern "C" fn(*const Problem, bool, bool, *mut *const c_char) -> bool;
    pub type PlanBytes = unsafe extern "C" fn(*const Problem, *mut Plan) -> i32;
    pub type Store = unsafe extern "C" fn(
        *const Problem,
        *const Memory,
        *const Seq,
        i64,
        i64,
        *const f32,
        i32,
    ) -> i32;
    pub type Load =
        unsafe extern "C" fn(*const Problem, *const Memory, *const Seq, i64, i64, *mut f32) -> i32;
    pub type Attend = unsafe extern "C" fn(*const Problem, *const Memory, *const Call) -> i32;
    pub type CopyPage = unsafe extern "C" fn(*const Problem, *const Memory, i32, i32) -> i32;
    pub type Rotate = unsafe extern "C" fn(*const Vectors, *const Rope, *const i64, i32) -> i32;
    /// A verb that this kernel has not: always None, so its arguments do not matter.
    pub type Absent = Option<unsafe extern "C" fn()>;

    #[repr(C)]
    pub struct Kernel {
        pub abi: u32,
        pub struct_size: u32,
        pub name: *const c_char,
        pub summary: *const c_char,
        pub isa: *const c_char,
        pub order: i32,
        pub invariances: u32,
        pub unit_roundoff: f64,
        pub supports: Supports,
        pub plan: PlanBytes,
        pub prepare: Absent,
        pub store: Store,
        pub load: Load,
        pub attend: Attend,
        pub copy_page: CopyPage,
        pub release: Absent,
        pub backward: Absent,
        pub linear: Absent,
        pub norm: Absent,
        pub rope: Rotate,
    }

    #[repr(C)]
    pub struct Registry {
        pub abi: u32,
        pub count: u32,
        pub kernels: *const &'static Kernel,
    }

    // What sizeof says in C, with 64-bit pointers. A mirror that has lost a member does not compile.
    const _: () = assert!(size_of::<Problem>() == 88);
    const _: () = assert!(size_of::<Plan>() == 48);
    const _: () = assert!(size_of::<Seq>() == 56);
    const _: () = assert!(size_of::<Memory>() == 24);
    const _: () = assert!(size_of::<Call>() == 80);
    const _: () = assert!(size_of::<Vectors>() == 72);
    const _: () = assert!(size_of::<Rope>() == 24);
    const _: () = assert!(size_of::<Kernel>() == 144);
    const _: () = assert!(size_of::<Registry>() == 16);

    // They point to constants alone.
    unsafe impl Sync for Kernel {}
    unsafe impl Sync for Registry {}

    impl Problem {
        pub fn row_width(&self) -> usize {
            (self.kv_lora_rank + self.qk_rope_head_dim) as usize
        }

        /// Row number `slot` of the cache.
        pub unsafe fn row<'a>(&self, memory: &Memory, slot: i64) -> &'a [f32] {
            let width = self.row_width();
            from_raw_parts(memory.cache.add(slot as usize * width), width)
        }

        pub unsafe fn row_mut<'a>(&self, memory: &Memory, slot: i64) -> &'a mut [f32] {
            let width = self.row_width();
            from_raw_parts_mut(memory.cache.add(slot as usize * width), width)
        }

        /// mla_slot: the slot that holds a position.
        pub unsafe fn slot(&self, seq: &Seq, position: i64) -> i64 {
            if self.page_size == 0 {
                return seq.slot + position;
            }
            let page = *seq.pages.add((position / self.page_size) as usize);
            i64::from(page) * self.page_size + position % self.page_size
        }

        /// mla_keys: how many keys, from kv_begin on, the sequence's new token t attends.
        pub fn keys(&self, seq: &Seq, t: i64) -> i64 {
            let causal_end = seq.position + t + 1;
            let end = if self.mask == CAUSAL {
                seq.kv_end.min(causal_end)
            } else {
                seq.kv_end
            };
            (end - seq.kv_begin).max(0)
        }
    }

    impl Call {
        /// mla_enter, for the only thread there is.
        pub fn enter(&self, stage: i32) {
            if let Some(enter) = self.enter {
                unsafe { enter(self.enter_context, 0, stage) }
            }
        }
    }
}

use abi::{Call, Kernel, Memory, Plan, Problem, Registry, Rope, Seq, Vectors};

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// y += alpha x
fn add(alpha: f32, x: &[f32], y: &mut [f32]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += alpha * x);
}

/// The softmax of the scores, in place, not yet divided by its denominator, which is returned with
/// its natural log. Without a score: 0 and -inf.
fn exponentials(s: &mut [f32]) -> (f32, f32) {
    let max = s.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    s.iter_mut().for_each(|s| *s = (*s - max).exp());
    let sum: f32 = s.iter().sum();
    (sum, max + sum.ln())
}

/// The workspace: q', the weighted latent, the scores.
struct Scratch<'a> {
    absorbed: &'a mut [f32],
    latent: &'a mut [f32],
    scores: &'a mut [f32],
}

fn scratch_floats(p: &Problem) -> usize {
    2 * p.kv_lora_rank as usize + p.max_keys as usize
}

unsafe fn scratch<'a>(p: &Problem, memory: &Memory) -> Scratch<'a> {
    let all = from_raw_parts_mut(memory.workspace, scratch_floats(p));
    let (absorbed, rest) = all.split_at_mut(p.kv_lora_rank as usize);
    let (latent, scores) = rest.split_at_mut(p.kv_lora_rank as usize);
    Scratch {
        absorbed,
        latent,
        scores,
    }
}

/// One head of one query over its rows [c_kv | k_rope]; returns lse. wkv_b [nope + v][rank] is the
/// head's own.
fn attend_head<'a>(
    p: &Problem,
    call: &Call,
    wkv_b: &[f32],
    q: &[f32],
    rows: impl Iterator<Item = &'a [f32]> + Clone,
    scratch: &mut Scratch,
    o: &mut [f32],
) -> f32 {
    let rank = p.kv_lora_rank as usize;
    let (q_nope, q_rope) = q.split_at(p.qk_nope_head_dim as usize);
    let (wuk, wuv) = wkv_b.split_at(q_nope.len() * rank);
    let Scratch {
        absorbed,
        latent,
        scores,
    } = scratch;

    call.enter(abi::STAGE_ABSORB);
    absorbed.fill(0.0);
    for (q_i, wuk_i) in q_nope.iter().zip(wuk.chunks_exact(rank)) {
        add(*q_i, wuk_i, absorbed);
    }

    call.enter(abi::STAGE_CORE);
    let mut keys = 0;
    for row in rows.clone() {
        let (c_kv, k_rope) = row.split_at(rank);
        scores[keys] = p.scale * (dot(absorbed, c_kv) + dot(q_rope, k_rope));
        keys += 1;
    }
    let weights = &mut scores[..keys];
    let (sum, lse) = exponentials(weights);
    latent.fill(0.0);
    for (weight, row) in weights.iter().zip(rows) {
        add(*weight, &row[..rank], latent);
    }

    call.enter(abi::STAGE_VALUE_UP);
    for (o_i, wuv_i) in o.iter_mut().zip(wuv.chunks_exact(rank)) {
        *o_i = if keys > 0 {
            dot(wuv_i, latent) / sum
        } else {
            0.0
        };
    }
    lse
}

unsafe extern "C" fn supports(
    p: *const Problem,
    top_k: bool,
    sinks: bool,
    why: *mut *const c_char,
) -> bool {
    *why = text(b"the Rust example does dense MLA without sinks, over an fp32 cache\0");
    (*p).kind == abi::LATENT && (*p).format == abi::FP32 && !top_k && !sinks
}

unsafe extern "C" fn plan(p: *const Problem, plan: *mut Plan) -> i32 {
    let p = &*p;
    *plan = Plan {
        prepared: 0,
        cache_payload: p.slots as usize * p.row_width() * size_of::<f32>(),
        cache_padding: 0,
        workspace: scratch_floats(p) * size_of::<f32>(),
        slot_align: 1,
        cached: abi::LATENT,
    };
    0
}

unsafe extern "C" fn store(
    p: *const Problem,
    memory: *const Memory,
    seq: *const Seq,
    position: i64,
    count: i64,
    rows: *const f32,
    _threads: i32,
) -> i32 {
    let (p, memory, seq) = (&*p, &*memory, &*seq);
    let rows = from_raw_parts(rows, count as usize * p.row_width());
    for (i, row) in (position..).zip(rows.chunks_exact(p.row_width())) {
        p.row_mut(memory, p.slot(seq, i)).copy_from_slice(row);
    }
    0
}

unsafe extern "C" fn load(
    p: *const Problem,
    memory: *const Memory,
    seq: *const Seq,
    position: i64,
    count: i64,
    rows: *mut f32,
) -> i32 {
    let (p, memory, seq) = (&*p, &*memory, &*seq);
    let rows = from_raw_parts_mut(rows, count as usize * p.row_width());
    for (i, row) in (position..).zip(rows.chunks_exact_mut(p.row_width())) {
        row.copy_from_slice(p.row(memory, p.slot(seq, i)));
    }
    0
}

unsafe extern "C" fn copy_page(
    p: *const Problem,
    memory: *const Memory,
    from: i32,
    to: i32,
) -> i32 {
    let (p, memory) = (&*p, &*memory);
    for i in 0..p.page_size {
        let row = p.row(memory, i64::from(from) * p.page_size + i);
        p.row_mut(memory, i64::from(to) * p.page_size + i)
            .copy_from_slice(row);
    }
    0
}

unsafe extern "C" fn attend(p: *const Problem, memory: *const Memory, call: *const Call) -> i32 {
    let (p, memory, call) = (&*p, &*memory, &*call);
    let qk = (p.qk_nope_head_dim + p.qk_rope_head_dim) as usize;
    let (v, heads) = (p.v_head_dim as usize, p.heads as usize);
    let head_floats = (p.qk_nope_head_dim + p.v_head_dim) as usize * p.kv_lora_rank as usize;
    let wkv_b = from_raw_parts(p.wkv_b, heads * head_floats);
    let mut scratch = scratch(p, memory);
    for seq in from_raw_parts(call.seqs, call.batch as usize) {
        for t in 0..seq.tokens {
            let end = seq.kv_begin + p.keys(seq, t);
            for (head, wkv_b) in wkv_b.chunks_exact(head_floats).enumerate() {
                let at = (seq.token + t) as usize * heads + head;
                let rows = (seq.kv_begin..end).map(|j| p.row(memory, p.slot(seq, j)));
                let q = from_raw_parts(call.q.add(at * qk), qk);
                let o = from_raw_parts_mut(call.o.add(at * v), v);
                *call.lse.add(at) = attend_head(p, call, wkv_b, q, rows, &mut scratch, o);
            }
        }
    }
    call.enter(abi::STAGES);
    0
}

/// Rotates x [dim] into y at a position.
fn rotate(rope: &Rope, frequencies: &[f64], position: i64, x: &[f32], y: &mut [f32]) {
    for (i, frequency) in frequencies.iter().enumerate() {
        let (a, b) = if rope.interleaved {
            (2 * i, 2 * i + 1)
        } else {
            (i, i + x.len() / 2)
        };
        let (sin, cos) = (position as f64 * frequency).sin_cos();
        let (sin, cos) = ((rope.magnitude * sin) as f32, (rope.magnitude * cos) as f32);
        y[a] = x[a] * cos - x[b] * sin;
        y[b] = x[a] * sin + x[b] * cos;
    }
}

unsafe extern "C" fn rope(
    v: *const Vectors,
    rope: *const Rope,
    positions: *const i64,
    _threads: i32,
) -> i32 {
    let (v, rope) = (&*v, &*rope);
    let (width, dim) = (v.width as usize, rope.dim as usize);
    let frequencies = from_raw_parts(rope.frequencies, dim / 2);
    for t in 0..v.tokens {
        for i in 0..v.count {
            let from = v.x.add((t * v.x_token_stride + i * v.x_stride) as usize);
            let to = v.y.add((t * v.y_token_stride + i * v.y_stride) as usize);
            let (x_still, x) = from_raw_parts(from, width).split_at(width - dim);
            let (y_still, y) = from_raw_parts_mut(to, width).split_at_mut(width - dim);
            y_still.copy_from_slice(x_still);
            rotate(rope, frequencies, *positions.add(t as usize), x, y);
        }
    }
    0
}

/// A string for C, which ends with a zero.
const fn text(bytes: &'static [u8]) -> *const c_char {
    assert!(bytes[bytes.len() - 1] == 0);
    bytes.as_ptr().cast()
}

static KERNEL: Kernel = Kernel {
    abi: abi::ABI,
    struct_size: size_of::<Kernel>() as u32,
    name: text(b"example-rust\0"),
    summary: text(b"absorbed order, one thread, Rust, built outside the tree\0"),
    isa: text(b"scalar\0"),
    order: abi::ABSORBED,
    invariances: abi::ALL_INVARIANCES,
    unit_roundoff: f32::EPSILON as f64 / 2.0,
    supports,
    plan,
    prepare: None,
    store,
    load,
    attend,
    copy_page,
    release: None,
    backward: None,
    linear: None,
    norm: None,
    rope,
};

#[no_mangle]
pub extern "C" fn mla_kernels() -> *const Registry {
    static KERNELS: [&Kernel; 1] = [&KERNEL];
    static REGISTRY: Registry = Registry {
        abi: abi::ABI,
        count: 1,
        kernels: KERNELS.as_ptr(),
    };
    &REGISTRY
}
