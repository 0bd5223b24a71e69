/** What reaches a machine from outside while it runs: the one door, and what may come through it. */
import type {
  Drive,
  MediumDescription,
  Network,
  NetworkCard,
  PluggedDevice,
  PluggedDrive,
  UnpluggedDevice,
} from './machine.js';

/** Everything that reaches the guest from outside. It arrives at the machine's current cycle. */
export type InputEvent =
  /** A key by its set 1 make code, or 0xe000 + code for extended keys (Pause is 0xe11d); pressed or released. */
  | { readonly kind: 'key'; readonly key: number; readonly pressed: boolean }
  /** Bytes on a serial port's receive line; the port takes them at its own line rate. Port 0 to 3. */
  | { readonly kind: 'serial'; readonly port: number; readonly data: Uint8Array }
  /** The reset button. */
  | { readonly kind: 'reset' }
  /** The mouse was moved by `dx` to the right and `dy` up, its wheel turned towards the user by `wheel`; buttons held now: 1 left, 2 right, 4 middle, 8 and 16 the side buttons. */
  | {
      readonly kind: 'mouse';
      readonly dx: number;
      readonly dy: number;
      readonly wheel: number;
      readonly buttons: number;
    }
  /** A frame arrives at a network card (by its position) whose network is `live`. 14 to 1518 bytes, without the check sequence. */
  | { readonly kind: 'packet'; readonly card: number; readonly frame: Uint8Array }
  /** Bytes typed at the virtio console. */
  | { readonly kind: 'console'; readonly data: Uint8Array }
  /** Bytes sent to a further port of the virtio console: 1 to 7. */
  | { readonly kind: 'consolePort'; readonly port: number; readonly data: Uint8Array }
  /** The power button and the sleep button are pressed. */
  | { readonly kind: 'powerButton' }
  | { readonly kind: 'sleepButton' }
  /** The non-maskable interrupt button of a front panel. */
  | { readonly kind: 'nonMaskableInterrupt' }
  /** The power is cut: the machine stops for good, its disks keep what was written. */
  | { readonly kind: 'powerCut' }
  /** A removable medium is changed (or taken out, when `medium` is absent). */
  | { readonly kind: 'media'; readonly drive: Drive; readonly medium?: MediumDescription }
  | PlugEvent
  /** The guest is asked to let go of a PCI card, which goes when the guest ejects it, or at the next reset. A SCSI disk goes at once. */
  | { readonly kind: 'unplug'; readonly card: UnpluggedDevice }
  /** A virtio console with further ports gets another, or loses one of them: 1 to 7. */
  | { readonly kind: 'plugConsolePort'; readonly name: string }
  | { readonly kind: 'unplugConsolePort'; readonly port: number };

/** A card is plugged into a slot of a machine with `pci-hot-plug`: into the slot named, or the first that is free. */
export type PlugEvent =
  /** A virtio disk; or a SCSI disk on the bus of a virtio adapter, which has no slot. */
  | {
      readonly kind: 'plugDisk';
      readonly drive: PluggedDrive;
      readonly medium: MediumDescription;
      readonly slot?: number;
    }
  /** It takes the first free place among the network cards. */
  | {
      readonly kind: 'plugNetworkCard';
      readonly card: Exclude<NetworkCard, 'ne2000'>;
      readonly network: Network;
      readonly mac?: string;
      readonly slot?: number;
    }
  | { readonly kind: 'plugDevice'; readonly device: PluggedDevice; readonly slot?: number };
