import { QError } from '@q/tensor';

/** A module that was built, loaded, copied or called in a way it does not allow. */
export class ModuleError extends QError {}
