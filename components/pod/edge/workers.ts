/** The maximum number of open connections of one worker. A transfer from an origin takes a second one. */
export const connectionsPerWorker = 8192;

/**
 * The maximum number of open files of one worker: its connections, a file for each of them, and its listeners and logs. A container starts with the limit of its runtime's
 * service, which can be 1,024. If the hard limit is lower than this number, nginx logs that and continues with what it has.
 * https://nginx.org/en/docs/ngx_core_module.html#worker_rlimit_nofile
 */
export const filesPerWorker = 2 * connectionsPerWorker + 256;

/**
 * The number of workers for a cache that shares a machine and gets less than a processor. While one waits for a slow disk, the other serves.
 * nginx's `auto` counts the node's processors and ignores the container's limits: 96 workers take 373 MiB, and a replica has 287.
 * https://nginx.org/en/docs/ngx_core_module.html#worker_processes
 */
export const minWorkers = 2;
