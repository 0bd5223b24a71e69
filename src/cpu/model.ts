/**
 * Processor models as data: what each has and what it says of itself. Features and signatures by Intel's application note 485,
 * "Intel Processor Identification and the CPUID Instruction" (241618), sections 3 and 5.
 */

/** What a model may have. Those with a bit in CPUID's leaf 1 are listed in {@link featureBits}. */
export type Feature =
  | keyof typeof featureBits
  /** The CPUID instruction itself, and the ID flag that tells of it. */
  | 'cpuid'
  /** RDPMC and performance counters. */
  | 'rdpmc'
  /** The long NOP (0F 1F), and 0F 18 to 0F 1E as hints. */
  | 'longNop';

/** Bits of EDX after CPUID with EAX = 1. */
export const featureBits = {
  fpu: 0,
  vme: 1,
  de: 2,
  pse: 3,
  tsc: 4,
  msr: 5,
  pae: 6,
  mce: 7,
  cx8: 8,
  apic: 9,
  sep: 11,
  mtrr: 12,
  pge: 13,
  mca: 14,
  cmov: 15,
  pat: 16,
  pse36: 17,
  clflush: 19,
  mmx: 23,
  fxsr: 24,
  sse: 25,
  sse2: 26,
} as const;

/** One model. */
export interface ModelDeclaration {
  readonly features: ReadonlySet<Feature>;
  /** Family, model and stepping as DX holds them after reset and CPUID's leaf 1 gives them in EAX; 0 where DX holds nothing. */
  readonly signature: number;
  /** What CPUID's leaf 0 says. */
  readonly vendor: string;
  /** CPUID's leaf 2, EAX to EDX: descriptors of caches and TLBs; the leaf is absent where this is. */
  readonly caches?: readonly [number, number, number, number];
  /** CPUID's leaf 1, EBX bits 0 to 7: an index into the manual's table of names; 0 where there is none. */
  readonly brandIndex: number;
  /** The text of CPUID's leaves 80000002h to 80000004h; those leaves are absent where it is. */
  readonly brand?: string;
}

const declare = (
  signature: number,
  features: readonly Feature[],
  told: Partial<Omit<ModelDeclaration, 'features' | 'signature'>> = {},
): ModelDeclaration => ({
  vendor: 'GenuineIntel',
  brandIndex: 0,
  ...told,
  features: new Set(features),
  signature,
});

const pentiumFeatures = ['cpuid', 'fpu', 'vme', 'de', 'pse', 'tsc', 'msr', 'mce', 'cx8', 'apic'] as const;
// The Pentium Pro's own CPUID claims SEP, which it does not have (application note 485, section 3.4): ours does not.
const p6Features = [...pentiumFeatures, 'pae', 'mtrr', 'pge', 'mca', 'cmov', 'rdpmc', 'longNop'] as const;
const pentium2Features = [...p6Features, 'sep', 'pat', 'pse36', 'mmx', 'fxsr'] as const;

const declarations = {
  '8086': declare(0, []),
  '80286': declare(0, []),
  /** Alone, without an 80387. */
  '80386': declare(0x0303, []),
  /** The i486 DX2 of 1993, which has CPUID. */
  '80486': declare(0x0435, ['cpuid', 'fpu']),
  /** The P54C. */
  pentium: declare(0x052c, pentiumFeatures),
  /** The P55C. */
  pentiumMmx: declare(0x0543, [...pentiumFeatures, 'mmx', 'rdpmc']),
  pentiumPro: declare(0x0619, p6Features, { caches: [0x0302_0101, 0, 0, 0x0604_0a42] }),
  /** Deschutes, 512 KiB of second-level cache. */
  pentium2: declare(0x0652, pentium2Features, { caches: [0x0302_0101, 0, 0, 0x0c04_0843] }),
  /** Coppermine, 256 KiB of second-level cache. */
  pentium3: declare(0x0686, [...pentium2Features, 'sse'], {
    caches: [0x0302_0101, 0, 0, 0x0c04_0882],
    brandIndex: 2,
  }),
  /** Dothan, 2 MiB of second-level cache. */
  pentiumM: declare(0x06d8, [...pentium2Features.filter((name) => name !== 'pse36'), 'sse', 'sse2', 'clflush'], {
    caches: [0x02b3_b001, 0xf0, 0, 0x2c04_307d],
    brandIndex: 0x16,
    brand: 'Intel(R) Pentium(R) M processor',
  }),
} as const satisfies Record<string, ModelDeclaration>;

export type ProcessorModel = keyof typeof declarations;

/** Processor models, oldest first. (Keys that look like whole numbers come first in an object, smallest first.) */
export const models = Object.keys(declarations) as readonly ProcessorModel[];

/** A model's declaration. */
export const declarationOf = (model: ProcessorModel): ModelDeclaration => declarations[model];

/** Whether a model has a feature. */
export const has = (model: ProcessorModel, feature: Feature): boolean => declarations[model].features.has(feature);

const ranks = Object.fromEntries(models.map((model, index) => [model, index])) as Readonly<
  Record<ProcessorModel, number>
>;

/** Whether `model` has what first came with `since`. */
export const atLeast = (model: ProcessorModel, since: ProcessorModel): boolean => ranks[model] >= ranks[since];

/** Bits of MXCSR that may be set: denormals-are-zero came later than the register (Intel SDM Vol. 1, section 11.6.6). */
export const mxcsrMask = (model: ProcessorModel): number => (has(model, 'sse2') ? 0xffff : 0xffbf);
