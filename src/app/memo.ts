import { Component, type FunctionComponent, h } from 'preact';

/**
 * A component that is drawn again only when one of its properties is another. That of `preact/compat` would come
 * with React's events, in which `onChange` is told of every key and not when a field has been edited.
 */
export function memo<P extends object>(draw: FunctionComponent<P>) {
  return class extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const names = Object.keys({ ...this.props, ...next }) as (keyof P)[];
      return names.some((name) => next[name] !== this.props[name]);
    }
    override render() {
      return h(draw, this.props);
    }
  };
}
