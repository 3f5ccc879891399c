import { type Directive, directive } from "../nginx-conf.ts";

/** How one data disk is divided. All values in MiB. */
export interface DiskBudget {
  /** Default: all space but {@link minFreeMiB}. */
  readonly blobsMiB?: number;
  readonly manifestsMiB: number;
  readonly prometheusMiB: number;
  /** If the file system has less free space than this, nginx evicts the least recently used content, even from a small cache. */
  readonly minFreeMiB: number;
  /**
   * Space for blobs in progress. While they take half of it, the edge starts no others. It never stores a single blob larger than half. See fills.ts.
   * Default: no limit, because {@link minFreeMiB} makes space for them.
   */
  readonly fillsMiB?: number;
  /** Space for the stores of all upstreams with `engine: zot` together: see keeper.sh. Default: half of the file system. */
  readonly zotMiB?: number;
}

/**
 * Gives zot half of the space for blobs, because zot stores a second copy of all that the edge stores. While zot copies an image, it takes up to twice the image's size in addition.
 * That counts towards zot's share, and the keeper notices it within seconds.
 */
export function sharedWithZot(budget: DiskBudget): DiskBudget {
  if (budget.blobsMiB === undefined) return budget;
  const zotMiB = Math.floor(budget.blobsMiB / 2);
  return { ...budget, blobsMiB: budget.blobsMiB - zotMiB, zotMiB };
}

/**
 * Divides a disk. A reserve remains for what nginx doesn't count: blobs in progress, which are on disk twice (edge and origin), and what is stored
 * between two runs of its cache manager (see {@link cacheZones}). The reserve is a tenth of the disk. On a small disk it is more, up to 2 GiB.
 *
 * So the division assumes: 2 × the bytes of all simultaneous fills + 2.5 s × the rate of these fills ≤ the reserve. A disk of 1 GiB allows four
 * simultaneous blobs of 40 MB from an upstream at 1 Gbit/s; a disk of 200 GiB allows 5 GB at 4 GB/s.
 *
 * @param sizeGiB at least 1
 * @throws RangeError for a smaller disk
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
 * Divides a Pod's share of a node's disk. kubelet only measures the usage and evicts a Pod that exceeds its share, so the file system's free space doesn't matter.
 * With a shared store, a blob in progress is on this disk once. A reserve of a tenth is for blobs that start before fills.ts notices.
 *
 * @param sizeGiB at least 1
 * @param fillsGiB the wanted space for blobs in progress. They get at most two thirds of the space for blobs
 */
export function scratchBudget(sizeGiB: number, fillsGiB: number): Required<Omit<DiskBudget, "zotMiB">> {
  const { manifestsMiB, prometheusMiB, minFreeMiB } = diskBudget(sizeGiB);
  const total = sizeGiB * 1024;
  const forBlobs = Math.floor(total - manifestsMiB - prometheusMiB - Math.max(256, total * 0.1));
  const fillsMiB = Math.min(Math.floor(fillsGiB * 1024), Math.floor((forBlobs * 2) / 3));
  return { blobsMiB: forBlobs - fillsMiB, manifestsMiB, prometheusMiB, minFreeMiB, fillsMiB };
}

/**
 * For a file system of any size that belongs to the cache alone. It doesn't depend on the size, so a disk can grow without a change of the configuration.
 * The free space is the reserve of {@link diskBudget}, at 5 Gbps, the highest rate from the internet.
 */
const ownDisk: DiskBudget = { manifestsMiB: 1024, prometheusMiB: 2048, minFreeMiB: 6 * 1024 };

/** {@link diskBudget} divides a file system that is smaller than this. */
const leastOwnGiB = 16;

/** The budget of a file system that belongs to the cache alone: from 16 GiB, {@link ownDisk}. */
export function ownDiskBudget(sizeGiB: number): DiskBudget {
  return sizeGiB < leastOwnGiB ? diskBudget(sizeGiB) : ownDisk;
}

/** The size of the zone for lists, which fits into the reserve of every disk. */
const listsMiB = 32;

/**
 * nginx evicts the least recently used content of a zone that exceeds its size. It evicts nothing by age, except for blobs after `blobsInactive`. 1 MiB of keys holds about 8,000 objects:
 * https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_path
 *
 * Lists of tags and of referrers have a small zone of their own, because a client can request any number of them. So they can't evict manifests that are
 * needed while an upstream is down.
 *
 * The zone for checks.ts holds answers that nothing reads after a second. A request may take longer.
 *
 * The last zone holds one object, which expires within two seconds and which the janitor keeps requesting. nginx's cache manager sleeps until the
 * next object of any zone may expire, at most 10 s, and then compares the sizes. So it compares them every two seconds. When nginx starts, the manager
 * finds nothing and sleeps 10 s, and nginx counts what is on disk a minute later. So edge.sh restarts the manager, and the janitor has everything counted.
 *
 * @param blobsInactive how long to keep a blob that nobody requests, in nginx's notation
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
    zone("checks", 1, "10s", `max_size=${listsMiB}m`, minFree),
    zone("pulse", 1, "2s"),
  ];
}
