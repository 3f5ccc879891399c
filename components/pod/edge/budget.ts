import { type Directive, directive } from "../nginx-conf.ts";

/** How one data disk is divided, all in MiB. */
export interface DiskBudget {
  /** Default: what {@link minFreeMiB} leaves. */
  readonly blobsMiB?: number;
  readonly manifestsMiB: number;
  readonly prometheusMiB: number;
  /** Free space of the file system below which the least recently used goes, whatever the size of the cache. */
  readonly minFreeMiB: number;
  /**
   * For blobs under way at once: while they take half of it, no more are stored, and one that takes more than half by itself isn't stored at all. See fills.ts.
   * Default: as many as there are, since {@link minFreeMiB} makes room for them.
   */
  readonly fillsMiB?: number;
  /** For the stores of upstreams with `engine: zot`, together: see keeper.sh. Default: half of the file system. */
  readonly zotMiB?: number;
}

/**
 * With an upstream that zot fetches from, which has beside the edge all that is there a second time, half of what there is for blobs. What is just copied is on disk twice more, which
 * counts at zot, and is noticed within seconds.
 */
export function sharedWithZot(budget: DiskBudget): DiskBudget {
  if (budget.blobsMiB === undefined) return budget;
  const zotMiB = Math.floor(budget.blobsMiB / 2);
  return { ...budget, blobsMiB: budget.blobsMiB - zotMiB, zotMiB };
}

/**
 * Divides a disk. What is left over is for what nginx doesn't count: blobs under way, each on disk twice, at the edge and at the origin, and what is
 * stored between two looks of its cache manager (see {@link cacheZones}). That is a tenth, and on a small disk more, up to 2 GiB.
 *
 * So the division rests on: 2 × the bytes of all blobs that are filled at one time + 2.5 s × the rate of these fills ≤ what is left over. Of 1 GiB
 * that allows four blobs of 40 MB at once from an upstream at 1 Gbit/s; of 200 GiB, 5 GB at once and 4 GB/s.
 *
 * @param sizeGiB at least 1
 * @throws RangeError for a smaller one
 */
export function diskBudget(sizeGiB: number): Required<Omit<DiskBudget, "fillsMiB" | "zotMiB">> {
  if (!(sizeGiB >= 1)) throw new RangeError(`a disk of ${sizeGiB} GiB is too small: at least 1 GiB`);
  const total = sizeGiB * 1024;
  const share = (fraction: number, least: number, most: number) =>
    Math.round(Math.min(most, Math.max(least, total * fraction)));
  const manifestsMiB = share(0.02, 32, 1024);
  const prometheusMiB = share(0.02, 64, 2048);
  const slack = Math.max(share(0.1, 0, Number.POSITIVE_INFINITY), share(0.6, 0, 2048));
  return {
    blobsMiB: Math.floor(total - manifestsMiB - prometheusMiB - slack),
    manifestsMiB,
    prometheusMiB,
    minFreeMiB: share(0.05, 64, 10 * 1024),
  };
}

/**
 * Divides a part of a node's disk, which kubelet only measures: a Pod that exceeds it is evicted, and the free space of the file system says nothing. With a
 * shared store, a blob under way is here once. What is left over, a tenth, is for what is under way before fills.ts has noticed.
 *
 * @param sizeGiB at least 1
 * @param fillsGiB wanted for blobs under way; at most two thirds of what there is
 */
export function scratchBudget(sizeGiB: number, fillsGiB: number): Required<Omit<DiskBudget, "zotMiB">> {
  const { manifestsMiB, prometheusMiB, minFreeMiB } = diskBudget(sizeGiB);
  const total = sizeGiB * 1024;
  const forBlobs = Math.floor(total - manifestsMiB - prometheusMiB - Math.max(256, total * 0.1));
  const fillsMiB = Math.min(Math.floor(fillsGiB * 1024), Math.floor((forBlobs * 2) / 3));
  return { blobsMiB: forBlobs - fillsMiB, manifestsMiB, prometheusMiB, minFreeMiB, fillsMiB };
}

/**
 * For a file system that belongs to the cache alone, whatever its size: so a disk grows without another configuration. What is kept free is for what
 * {@link diskBudget} says, at 5 Gbps, the most that comes in over the internet.
 */
const ownDisk: DiskBudget = { manifestsMiB: 1024, prometheusMiB: 2048, minFreeMiB: 6 * 1024 };

/** A file system under this size is divided. */
const leastOwnGiB = 16;

/** For a file system that belongs to the cache alone; from 16 GiB on that is {@link ownDisk}. */
export function ownDiskBudget(sizeGiB: number): DiskBudget {
  return sizeGiB < leastOwnGiB ? diskBudget(sizeGiB) : ownDisk;
}

/** What is left over has room for it, whatever the disk. */
const listsMiB = 32;

/**
 * Least recently used content goes when a zone is over its size; nothing goes by age. 1 MiB of keys holds about 8,000 objects:
 * https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_path
 *
 * Lists of tags, and of what refers to a digest, have a small zone of their own, since a client can ask for as many as it likes: what is needed while an upstream
 * is down stays.
 *
 * The last zone holds one object that expires within two seconds and that the janitor keeps asking for. nginx's cache manager sleeps until the
 * next object of any zone may expire, 10 s at most, and only then compares the sizes: so it compares them every two seconds. At a start it finds
 * nothing and sleeps its 10 s, and what is on disk is counted only a minute later: so edge.sh renews it, and the janitor has everything counted.
 *
 * @param blobsInactive how long a blob that nobody asks for is kept, as nginx writes times
 */
export function cacheZones(
  cache: string,
  { blobsMiB, manifestsMiB, minFreeMiB }: DiskBudget,
  blobsInactive: string,
): Directive[] {
  const zone = (name: string, keysMiB: number, inactive: string, ...limits: string[]) =>
    directive(
      "proxy_cache_path",
      `${cache}/${name}`,
      "levels=1:2",
      `keys_zone=${name}:${keysMiB}m`,
      `inactive=${inactive}`,
      "use_temp_path=off",
      "manager_files=1000",
      ...limits,
    );
  const minFree = `min_free=${minFreeMiB}m`;
  return [
    zone("blobs", 32, blobsInactive, ...(blobsMiB === undefined ? [] : [`max_size=${blobsMiB}m`]), minFree),
    zone("manifests", 32, "3650d", `max_size=${manifestsMiB}m`, minFree),
    zone("lists", 1, "3650d", `max_size=${listsMiB}m`, minFree),
    zone("pulse", 1, "2s"),
  ];
}
