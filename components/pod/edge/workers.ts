/** Open connections of one worker. Each transfer from an origin takes a second one. */
export const connectionsPerWorker = 8192;

/**
 * Open files of one worker: its connections, a file for each of them, and what it listens to and logs to. A container begins with the limit of its runtime's service, which
 * can be 1,024. Where not even the most that it may have is enough, nginx says so and goes on with what it has.
 * https://nginx.org/en/docs/ngx_core_module.html#worker_rlimit_nofile
 */
export const filesPerWorker = 2 * connectionsPerWorker + 256;

/**
 * Workers where the cache shares a machine and is given less than a processor: while one waits for a slow disk, the other serves.
 * nginx's `auto` counts the node's processors, whatever the container is given: 96 workers take 373 MiB of a replica's 287.
 * https://nginx.org/en/docs/ngx_core_module.html#worker_processes
 */
export const minWorkers = 2;
