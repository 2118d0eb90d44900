const dataFile = /^[^.].*\.(jsonl|ndjson|json|csv|tsv|parquet)(\.gz)?(\.sealed)?$/i;
/** Descriptions of a dataset that stand beside its data. */
const noData = /^(dataset_infos?|dataset_dict|state|metadata)\.json$/i;

/** Whether a file of this name, in a folder of many, holds rows. */
export const isDataFile = (name: string): boolean => dataFile.test(name) && !noData.test(name);
