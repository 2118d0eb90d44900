import { graphql } from '../graphql/tada.ts';

export const HardwareSamples = graphql(`
  subscription HardwareSamples {
    hardware(everySeconds: 2) {
      time
      cpuUsage
      cores
      loadAverage
      memory
      availableMemory
      disk
      availableDisk
      serverMemory
      gpus {
        index
        name
        usage
        memory
        usedMemory
        temperature
        power
      }
    }
  }
`);

export const Machine = graphql(`
  query Machine {
    studio {
      version
      cpu
      dataFolder
    }
  }
`);
