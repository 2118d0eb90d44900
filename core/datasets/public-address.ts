import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Special-purpose addresses of the IANA registries (RFC 6890): of this machine, of private networks, of nobody. */
const special4 = list('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]);

/** All that is public lies in here, but for what is taken out below. IPv4 inside of IPv6 lies elsewhere, or is taken out. */
const unicast6 = list('ipv6', [['2000::', 3]]);
const special6 = list('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]);

/** Whether an IP address is one that everybody on the internet reaches alike. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special4.check(address, 'ipv4');
  if (!isIPv6(address)) return false;
  const plain = address.split('%', 1)[0] ?? '';
  return unicast6.check(plain, 'ipv6') && !special6.check(plain, 'ipv6');
}

function list(type: 'ipv4' | 'ipv6', subnets: readonly (readonly [string, number])[]): BlockList {
  const block = new BlockList();
  for (const [net, prefix] of subnets) block.addSubnet(net, prefix, type);
  return block;
}
