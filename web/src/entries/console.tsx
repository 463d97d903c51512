import { mount } from "../shell/mount.tsx";

mount(<main id="content" />);
