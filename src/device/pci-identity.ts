/** What a PCI function says of itself in its configuration header (PCI Local Bus Specification 2.2, section 6.1), as data. */

/** A base address register: a range of ports or of memory. Sizes are powers of two. */
export interface PciRange {
  readonly kind: 'ports' | 'memory';
  readonly bytes: number;
  /** Reads have no side effects (section 6.2.5.1). */
  readonly prefetchable?: true;
}

/** A capability in the list at 34h (section 6.7): its identifier, and the bytes behind the pointer to the next one. */
export interface PciCapability {
  readonly id: number;
  readonly body: readonly number[];
  /** Bits of `body` that software may write. Default: none. */
  readonly writable?: readonly number[];
  /** It holds a window through which configuration accesses reach the function's ranges. */
  readonly window?: PciWindow;
}

/**
 * Where in a capability, counted from its identifier, a window's registers are: the index of a range (a byte), an offset in
 * it and the bytes of an access (four each); touching the four bytes of data makes that access.
 */
export interface PciWindow {
  readonly range: number;
  readonly offset: number;
  readonly length: number;
  readonly data: number;
}

/** The messages that a function can send in the place of its pin (MSI-X): where their table lies, and how many there are. */
export interface PciMessages {
  readonly range: 0 | 1 | 2 | 3 | 4 | 5;
  readonly vectors: number;
}

export interface PciIdentity {
  readonly vendor: number;
  readonly device: number;
  readonly revision: number;
  /** Base class, subclass and programming interface as 24 bits. */
  readonly classCode: number;
  readonly subsystemVendor?: number;
  readonly subsystem?: number;
  /** The interrupt pin that the function uses: 1 is INTA#. Absent: none. */
  readonly interruptPin?: 1 | 2 | 3 | 4;
  /** Base address registers by index, 0 to 5. */
  readonly ranges?: { readonly [index in 0 | 1 | 2 | 3 | 4 | 5]?: PciRange };
  /** Bytes of the expansion ROM, a power of two. */
  readonly romBytes?: number;
  readonly capabilities?: readonly PciCapability[];
  /** Its range and its capability, behind the others, follow from it. */
  readonly messages?: PciMessages;
  /** Bits of the command register that the function has (section 6.2.2). Default: ports, memory, bus master and interrupt disable as ranges need them. */
  readonly commandBits?: number;
  readonly latencies?: { readonly minimumGrant: number; readonly maximumLatency: number };
}
