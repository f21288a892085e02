// Asks the primary on behalf of those who ask us. However many do, it hears one question at a time,
// and makes one page a second at the most.
import type { MetricsToPrimary, PrimaryToMetrics } from '../../core/ipc/metrics.ts';
import type { Format } from '../../core/metrics/exposition.ts';
import type { Milliseconds } from '../../core/units.ts';
import type { PageServerComponents, ReadinessAnswer } from './page_server.ts';

type Answer = Extract<PrimaryToMetrics, { readonly kind: 'page' | 'readiness' }>;

export interface PrimaryAskerComponents {
  readonly send: (message: MetricsToPrimary) => void;
  /** Milliseconds of a clock that goes on evenly. */
  readonly now: () => Milliseconds;
}

/** A load balancer takes us for dead after about that time; the primary answers in milliseconds. */
const PATIENCE_MS: Milliseconds = 2_000;
/** Children say their numbers once a second: asking more often would show the same. */
const FRESH_MS: Milliseconds = 1_000;

interface Question {
  readonly answer: Promise<Answer | undefined>;
  readonly settle: (answer: Answer | undefined) => void;
}

export class PrimaryAsker implements PageServerComponents {
  readonly #components: PrimaryAskerComponents;
  readonly #questions = new Map<number, Question>();
  /** By what is asked: the question that is under way. */
  readonly #underWay = new Map<string, Question>();
  readonly #pages = new Map<Format, { readonly text: string; readonly at: Milliseconds }>();
  #nextId = 1;

  constructor(components: PrimaryAskerComponents) {
    this.#components = components;
  }

  async page(format: Format): Promise<string | undefined> {
    const { now } = this.#components;
    const last = this.#pages.get(format);
    if (last !== undefined && now() - last.at < FRESH_MS) return last.text;
    const answer = await this.#ask(format, (id) => ({ kind: 'ask-page', id, format }));
    if (answer?.kind !== 'page') return undefined;
    this.#pages.set(format, { text: answer.text, at: now() });
    return answer.text;
  }

  async readiness(): Promise<ReadinessAnswer | undefined> {
    const answer = await this.#ask('readiness', (id) => ({ kind: 'ask-readiness', id }));
    return answer?.kind === 'readiness' ? answer : undefined;
  }

  handleAnswer(answer: Answer): void {
    this.#questions.get(answer.id)?.settle(answer);
  }

  #ask(what: string, question: (id: number) => MetricsToPrimary): Promise<Answer | undefined> {
    const before = this.#underWay.get(what);
    if (before !== undefined) return before.answer;
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    const settle = (answer: Answer | undefined): void => {
      clearTimeout(timer);
      this.#questions.delete(id);
      this.#underWay.delete(what);
      resolve(answer);
    };
    const timer = setTimeout(() => settle(undefined), PATIENCE_MS);
    const asked: Question = { answer: promise, settle };
    this.#questions.set(id, asked);
    this.#underWay.set(what, asked);
    this.#components.send(question(id));
    return promise;
  }
}
