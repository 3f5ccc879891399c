/** Open connections of one worker. Each transfer from an origin takes a second one. */
export const connectionsPerWorker = 8192;

/**
 * Workers where the cache shares a machine and is given less than a processor: while one waits for a slow disk, the other serves.
 * nginx's `auto` counts the node's processors, whatever the container is given: 96 workers take 373 MiB of a replica's 287.
 * https://nginx.org/en/docs/ngx_core_module.html#worker_processes
 */
export const minWorkers = 2;
