import { ArgumentError, enableGrad, isGradEnabled, noGrad } from '@q/tensor';

describe.each([
  ['noGrad', noGrad, false],
  ['enableGrad', enableGrad, true],
] as const)('%s', (_name, run, enabled) => {
  it('sets the mode for a function, gives its result and restores the mode, also where it throws', () => {
    expect(run(() => isGradEnabled())).toBe(enabled);
    expect(isGradEnabled()).toBe(true);
    const failure = new Error('theirs');
    expect(() =>
      run(() => {
        throw failure;
      }),
    ).toThrow(failure);
    expect(isGradEnabled()).toBe(true);
  });

  it.each([[undefined], [3], [class {}], [Map]])('refuses %p', (value) =>
    expect(() => run(value as unknown as () => void)).toThrow(ArgumentError),
  );

  it('refuses an async function, which would run on under the old mode', () =>
    expect(() => run(async () => 1)).toThrow(/async/));

  it('leaves no rejection behind of an async function that it refused', async () => {
    const unhandled = jest.fn();
    process.once('unhandledRejection', unhandled);
    const failing = async (): Promise<never> => {
      throw new Error('theirs');
    };
    expect(() => run(failing)).toThrow(ArgumentError);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(unhandled).not.toHaveBeenCalled();
    process.off('unhandledRejection', unhandled);
  });
});
