import "../styles/account.css";

import { Account } from "../account/app.tsx";
import { mount } from "../shell/mount.tsx";

mount(<Account />);
