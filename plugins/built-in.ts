/** Where the plugins lie that come with the studio, a folder each. */
export const builtInPluginsFolder = import.meta.dirname;
