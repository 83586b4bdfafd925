import * as nn from '@q/nn';
import { builtIn } from '../../src/modules/built-in.js';
import { narrowed, ruleOf } from '../../src/lower/rules.js';

it('a rule is found by the class itself', () => {
  expect(ruleOf(nn.Conv2d)).toMatchObject({ madeOf: 'convWeight', needsOutput: false });
  expect(ruleOf(nn.Softmax)).toMatchObject({ madeOf: 'float', needsOutput: true });
  expect(ruleOf(class extends nn.Linear {})).toBeNull();
  expect(ruleOf(nn.LSTM)).toBeNull();
});

it('every class has one rule at most', () => {
  for (const type of builtIn.keys()) {
    const rule = ruleOf(type);
    if (rule !== null) expect(rule.classes.filter((other: unknown) => other === type)).toHaveLength(1);
  }
});

it('a layer is narrowed to the classes of a rule, or refused', () => {
  const layer: nn.Module = new nn.Concat(1);
  expect(narrowed(layer, [nn.Concat]).axis).toBe(1);
  expect(() => narrowed<nn.Module>(layer, [nn.Linear, nn.Embedding])).toThrow('Concat is none of Linear, Embedding.');
});
