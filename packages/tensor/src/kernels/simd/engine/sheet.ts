import { i32, type Expr, type Local } from '../assembler/assembler.js';

/** Numbers that a kernel reads from memory because they are many: int32, one behind the other, each with a name. */
export interface SheetForm<F extends string> {
  /** Bytes of all of them. */
  readonly bytes: number;
  /** The numbers in order. */
  words(numbers: Readonly<Record<F, number>>): number[];
  /** One of those that begin at an address. */
  read(at: Local<'i32'>, field: F): Expr<'i32'>;
}

/** The form of sheets with these fields. */
export function sheetForm<F extends string>(fields: readonly F[]): SheetForm<F> {
  return {
    bytes: fields.length * 4,
    words: (numbers) => fields.map((field) => numbers[field]),
    read: (at, field) => i32.load(at, fields.indexOf(field) * 4),
  };
}
