import { onWarning, warn, type QuantizationWarning } from '../src/warnings.js';

const warning: QuantizationWarning = { code: 'extreme-values', message: 'large' };

describe('warnings', () => {
  it('go to the console while nobody listens', () => {
    const spy = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    warn(warning);
    expect(spy).toHaveBeenCalledWith('@q/quant: large');
    spy.mockRestore();
  });

  it('go to all listeners in place of the console, until they stop', () => {
    const spy = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    const [first, second]: QuantizationWarning[][] = [[], []];
    const stop = onWarning((seen) => first!.push(seen));
    const stopSecond = onWarning((seen) => second!.push(seen));
    warn(warning);
    stop();
    warn(warning);
    stopSecond();
    expect([first!.length, second!.length]).toEqual([1, 2]);
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  });
});
