import { useEffect, useState } from "preact/hooks";

/** The conversation that the page's address names. */
function named(): string | undefined {
  return /^\/chat\/([^/]+)$/.exec(location.pathname)?.[1];
}

/** Which conversation is shown, and the ways to another one. The address follows, and leads. */
export function usePlace(): { id: string | undefined; go: (id: string | undefined) => void; settle: (id: string) => void } {
  const [id, setId] = useState(named);
  useEffect(() => {
    const back = () => setId(named());
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const address = (to: string | undefined) => (to ? `/chat/${to}` : "/chat");
  return {
    id,
    go: (to) => {
      if (to !== named()) history.pushState(null, "", address(to));
      setId(to);
    },
    // The new conversation has got its name: it is the same place.
    settle: (to) => {
      history.replaceState(null, "", address(to));
      setId(to);
    },
  };
}
