/** What the dashboard uses of htm's standalone build, which is one file with Preact, its hooks and htm. */
declare module "*/vendor/preact.js" {
  type Setter<T> = (next: T | ((old: T) => T)) => void;
  export function html(strings: TemplateStringsArray, ...values: unknown[]): any;
  export function render(view: unknown, parent: Element): void;
  export function useState<T>(initial: T | (() => T)): [T, Setter<T>];
  export function useReducer<S>(reducer: (state: S, action: any) => S, initial?: any): [S, (action: any) => void];
  export function useEffect(effect: () => void | undefined | (() => void), inputs?: unknown[]): void;
  export function useLayoutEffect(effect: () => void | undefined | (() => void), inputs?: unknown[]): void;
  export function useMemo<T>(make: () => T, inputs: unknown[]): T;
  export function useCallback<T>(callback: T, inputs: unknown[]): T;
  export function useRef<T>(initial: T): { current: T };
  export class Component {
    constructor(props: any);
    props: any;
    state: any;
    setState(changes: any): void;
    render(): any;
  }
}
