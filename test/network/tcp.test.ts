import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.js';
import { latin1 } from '../../src/network/bytes.js';
import { tcpFlag } from '../../src/network/tcp/segment.js';
import { Client, file, plugged } from './guest.js';

const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const content = Uint8Array.from({ length: 200_000 }, (_, at) => (at * 7919) >> 5);
const files = [file('big', content), file('index.html', '<p>hello</p>'), file('sub/one.txt', 'one')];

type Plugged = ReturnType<typeof plugged>;

/** Lets client and network talk until neither has more to say, or the patience is over. */
function talk({ cable }: Plugged, client: Client, milliseconds = 200): void {
  for (let step = 0; step < milliseconds; step++) client.receive(cable.wait(1000));
}

function connected(port: number, setup: Plugged = plugged({}, files)) {
  const client = new Client((frame) => setup.cable.send(frame), port);
  client.open();
  talk(setup, client, 3);
  return { setup, client };
}

describe('a connection', () => {
  test('is refused where nobody listens', () => {
    expect(connected(81).client.state).toBe('reset');
  });

  test('echoes, and closes when the client closes', () => {
    const { setup, client } = connected(7);
    client.write('hello');
    talk(setup, client, 5);
    expect(text(client.data)).toBe('hello');
    client.finish();
    talk(setup, client, 5);
    expect(client.state).toBe('ended');
    expect(setup.device.state.host.tcp.connections).toHaveLength(0);
  });

  test('takes segments in any order', () => {
    const { setup, client } = connected(7);
    client.segment(tcpFlag.ack, latin1('cd'), undefined, 2);
    client.segment(tcpFlag.ack, latin1('ef'), undefined, 4);
    client.segment(tcpFlag.ack, latin1('abc'), undefined, 0);
    talk(setup, client, 5);
    expect(text(client.data)).toBe('abcdef');
  });

  test('sends again what was lost', () => {
    const { setup, client } = connected(7);
    setup.door.open = false;
    client.write('hello');
    talk(setup, client, 5);
    setup.door.open = true;
    talk(setup, client, 600);
    expect(text(client.data)).toBe('hello');
  });

  test('gives a silent peer up in the end', () => {
    const { setup, client } = connected(7);
    setup.door.open = false;
    client.write('hello');
    setup.cable.wait(90_000_000);
    expect(setup.device.state.host.tcp.connections).toHaveLength(0);
    expect(setup.device.nextEdge()).toBe(Infinity);
  });

  test('waits for a shut window and probes it', () => {
    const { setup, client } = connected(7);
    client.window = 0;
    client.write('hello');
    talk(setup, client, 5);
    expect(client.data).toHaveLength(0);
    client.window = 8192;
    talk(setup, client, 1200);
    expect(text(client.data)).toBe('hello');
  });

  test('answers a reset in the window by a challenge, and obeys the exact one', () => {
    const { setup, client } = connected(7);
    client.segment(tcpFlag.rst, new Uint8Array(), undefined, 5);
    talk(setup, client, 3);
    expect(setup.device.state.host.tcp.connections).toHaveLength(1);
    client.segment(tcpFlag.rst, new Uint8Array());
    talk(setup, client, 3);
    expect(setup.device.state.host.tcp.connections).toHaveLength(0);
  });

  test('is forgotten, the least active first, when there are too many', () => {
    const setup = plugged({}, files);
    for (let port = 1; port <= 80; port++) {
      const client = new Client((frame) => setup.cable.send(frame), 7, port);
      client.open();
      talk(setup, client, 2);
    }
    expect(setup.device.state.host.tcp.connections).toHaveLength(64);
    expect(setup.device.state.host.tcp.connections[0]!.remotePort).toBe(17);
  });

  test('generates characters without end', () => {
    const { setup, client } = connected(19);
    talk(setup, client, 50);
    expect(client.data.length).toBeGreaterThan(20_000);
    expect(text(client.data.subarray(74, 79))).toBe('!"#$%');
  });
});

function get(path: string, extra = '', method = 'GET'): string {
  return `${method} ${path} HTTP/1.1\r\nHost: server\r\n${extra}\r\n`;
}

function fetched(request: string, milliseconds = 200) {
  const { setup, client } = connected(80);
  client.write(request);
  talk(setup, client, milliseconds);
  const whole = client.data;
  const at = Buffer.from(whole).indexOf('\r\n\r\n');
  return { head: text(whole.subarray(0, at)), body: whole.slice(at + 4), client };
}

describe('HTTP', () => {
  test('gives a file out with its length, and keeps the connection', () => {
    const { head, body, client } = fetched(get('/big'));
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).toContain('Content-Length: 200000');
    expect(body).toEqual(content);
    expect(client.state).toBe('open');
  });

  test('closes when asked to, and after a request of HTTP/1.0', () => {
    expect(fetched(get('/index.html', 'Connection: close\r\n')).client.state).toBe('ended');
    expect(fetched('GET /index.html HTTP/1.0\r\n\r\n').client.state).toBe('ended');
  });

  test('answers several requests that come at once', () => {
    const { client } = fetched(get('/index.html') + get('/sub/one.txt') + get('/nothing'));
    expect(text(client.data)).toMatch(/hello.*HTTP\/1.1 200 OK.*one.*HTTP\/1.1 404/s);
  });

  test('gives ranges', () => {
    const ranged = (range: string) => fetched(get('/index.html', `Range: ${range}\r\n`));
    expect(text(ranged('bytes=3-7').body)).toBe('hello');
    expect(ranged('bytes=3-7').head).toContain('Content-Range: bytes 3-7/12');
    expect(text(ranged('bytes=-4').body)).toBe('</p>');
    expect(text(ranged('bytes=8-').body)).toBe('</p>');
    expect(ranged('bytes=12-').head).toMatch(/^HTTP\/1\.1 416/);
    expect(ranged('lines=1-2').head).toMatch(/^HTTP\/1\.1 200/);
  });

  test('shows the head alone, and lists a folder', () => {
    const { head, body } = fetched(get('/big', '', 'HEAD'));
    expect(head).toContain('Content-Length: 200000');
    expect(body).toHaveLength(0);
    expect(text(fetched(get('/')).body)).toBe('<p>hello</p>');
    expect(text(fetched(get('/sub/')).body)).toContain('<a href="/sub/one.txt">one.txt</a>');
  });

  test('refuses what it does not have, cannot do, or cannot read', () => {
    expect(fetched(get('/../etc/passwd')).head).toMatch(/^HTTP\/1\.1 404/);
    expect(fetched(get('/x', '', 'DELETE')).head).toMatch(/^HTTP\/1\.1 405.*Allow: GET, HEAD/s);
    expect(fetched('nonsense\r\n\r\n').head).toMatch(/^HTTP\/1\.1 400/);
    expect(fetched(get('/%zz')).head).toMatch(/^HTTP\/1\.1 400/);
    expect(fetched(get('/', `X: ${'y'.repeat(9000)}\r\n`)).head).toMatch(/^HTTP\/1\.1 431/);
    expect(fetched('GET / HTTP/2.0\r\n\r\n').head).toMatch(/^HTTP\/1\.1 505/);
  });
});

describe('whatever the cable does', () => {
  /** A cable that loses, doubles and reorders frames in both directions, by a seed. */
  function badCable(seed: number, setup: Plugged) {
    const random = seededRandom(seed);
    const spoil = (frames: readonly Uint8Array[]): Uint8Array[] => {
      const kept = frames
        .filter(() => random.below(5) > 0)
        .flatMap((frame) => (random.below(8) === 0 ? [frame, frame] : [frame]));
      for (let at = kept.length - 1; at > 0; at--) {
        if (random.below(4) > 0) continue;
        const other = random.below(at + 1);
        [kept[at], kept[other]] = [kept[other]!, kept[at]!];
      }
      return kept;
    };
    const outgoing: Uint8Array[] = [];
    return {
      send: (frame: Uint8Array) => void outgoing.push(frame),
      step(microseconds: number): Uint8Array[] {
        for (const frame of spoil(outgoing.splice(0))) setup.cable.send(frame);
        return spoil(setup.cable.wait(microseconds));
      },
    };
  }

  test('a file arrives whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 1, max: 40_000 }), (seed, size) => {
        const setup = plugged({}, [file('f', content.subarray(0, size))]);
        const cable = badCable(seed, setup);
        const client = new Client(cable.send, 80);
        client.open();
        for (let step = 0; step < 3000 && client.state !== 'ended'; step++) {
          client.receive(cable.step(100_000));
          if (client.state === 'open' && client.got.length === 0 && client.unacknowledged.length === 0)
            client.write(get('/f', 'Connection: close\r\n'));
          else if (step % 5 === 0) client.resend();
        }
        expect(client.state).toBe('ended');
        expect(client.data.subarray(-size)).toEqual(content.subarray(0, size));
      }),
      { numRuns: 40 },
    );
  });

  test('what is echoed is what was said', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.uint8Array({ minLength: 1, maxLength: 20_000 }),
        (seed, said) => {
          const setup = plugged();
          const cable = badCable(seed, setup);
          const client = new Client(cable.send, 7);
          client.open();
          let isSaid = false;
          for (let step = 0; step < 3000 && client.data.length < said.length; step++) {
            client.receive(cable.step(100_000));
            if (client.state === 'open' && !isSaid) client.write(said);
            isSaid ||= client.state === 'open';
            if (step % 5 === 0) client.resend();
          }
          expect(client.data).toEqual(said);
        },
      ),
      { numRuns: 40 },
    );
  });
});
