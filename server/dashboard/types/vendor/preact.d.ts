/** What the dashboard uses of htm's standalone build, which is one file with Preact, its hooks and htm. */
type Setter<T> = (next: T | ((old: T) => T)) => void;
export declare function html(strings: TemplateStringsArray, ...values: unknown[]): any;
export declare function render(view: unknown, parent: Element): void;
export declare function useState<T>(initial: T | (() => T)): [T, Setter<T>];
export declare function useReducer<S>(reducer: (state: S, action: any) => S, initial?: any): [S, (action: any) => void];
export declare function useEffect(effect: () => void | undefined | (() => void), inputs?: unknown[]): void;
export declare function useLayoutEffect(effect: () => void | undefined | (() => void), inputs?: unknown[]): void;
export declare function useMemo<T>(make: () => T, inputs: unknown[]): T;
export declare function useCallback<T>(callback: T, inputs: unknown[]): T;
export declare function useRef<T>(initial: T): { current: T };
export declare class Component {
  constructor(props: any);
  props: any;
  state: any;
  setState(changes: any): void;
  render(): any;
}
