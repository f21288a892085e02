// Which [group.NAME] section counts for somebody in several groups.

/**
 * The first of the groups that has a section: the one chosen at login stands first, then they come
 * as the back end lists them. '' = none has.
 */
export const groupWithSection = (
  groups: readonly string[],
  sections: Pick<ReadonlyMap<string, unknown>, 'has'>,
): string => groups.find((name) => sections.has(name)) ?? '';
